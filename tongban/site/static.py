from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    """File names carry the hash of their content, so browsers keep them for ever. Our scripts import each other by hashed names too."""

    support_js_module_import_aggregation = True
