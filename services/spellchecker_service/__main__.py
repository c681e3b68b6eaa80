from services.spellchecker_service.app import service

if __name__ == "__main__":
    service.run()
