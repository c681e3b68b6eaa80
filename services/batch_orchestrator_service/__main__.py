if __name__ == "__main__":  # worker processes import this module too, and need none of the service
    from services.batch_orchestrator_service.app import service

    service.run()
