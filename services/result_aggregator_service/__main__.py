from services.result_aggregator_service.app import service

service.run()
