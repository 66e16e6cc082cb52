"""Photographs: signed uploads, what becomes of their bytes, and the sizes people see.

Owns photos and the objects in the storage. Announces UploadBound, PhotoReady and PhotoRejected. Listens to its
own UploadBound, which starts the job that checks and develops a photo, to PrivacyChanged, which has photos moved, and
to AccountErased. An upload is reserved, bound to a post, processing, then ready or rejected; its id is the photo's. Its
bytes are sent to `uploads/`; once checked they lie in `originals/`, for good, and as people see them in `variants/`,
which alone is public, or, of private accounts, in `private/`. What was released, or never posted, is swept away.
"""
