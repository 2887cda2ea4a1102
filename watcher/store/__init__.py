"""What must survive a crash: the only place that knows SQLAlchemy and Alembic."""
