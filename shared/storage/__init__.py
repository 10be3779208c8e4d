"""The database: tables, one repository per aggregate, and one commit at the edge. All SQL of Parley is in here.

    with open_database(settings.database) as database:
        with database.transaction() as session:
            jobs.add(session, job)

SQLite (WAL) and PostgreSQL behave alike; a row that left its transaction is a plain value.
"""
