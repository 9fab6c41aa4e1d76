class Panic(BaseException):
    def __str__(self):
        raise SystemExit("never said")


raise Panic
