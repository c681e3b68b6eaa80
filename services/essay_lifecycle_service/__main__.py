from services.essay_lifecycle_service.app import service

service.run()
