class Panic(BaseException):
    """As a compiled library raises it."""


raise Panic("cannot start")
