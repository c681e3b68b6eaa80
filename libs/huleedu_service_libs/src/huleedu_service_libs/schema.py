"""The tables of messaging, which every service has in its own database."""

from sqlalchemy import MetaData

messaging = MetaData()
