"""A person's own data, all of it, to take away.

Owns exports. Announces ExportAsked, ExportReady and ExportFailed. Listens to its own ExportAsked and ExportReady, and
to AccountErased. It is above every other domain: each of them says in its `belongings.py` what it has of somebody.
"""
