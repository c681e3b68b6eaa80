from services.batch_conductor_service.app import service

service.run()
