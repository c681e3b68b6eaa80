from services.api_gateway_service.app import service

service.run()
