from services.cj_assessment_service.app import service

if __name__ == "__main__":
    service.run()
