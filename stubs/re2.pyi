# What Straightway uses of google-re2.

class error(Exception):
    args: tuple[bytes, ...]

class Options:
    log_errors: bool

class _Regexp:
    @property
    def programsize(self) -> int: ...

def compile(pattern: str | bytes, options: Options | None = None) -> _Regexp: ...
def fullmatch(pattern: str, text: str) -> object: ...
