from services.batch_orchestrator_service.app import service

service.run()
