"""The certificate that a server shows, which is tried before anything is listened at."""

from __future__ import annotations

import ssl
from pathlib import Path

from speechmatics.exceptions import InvalidInputError

__all__ = ["check_certificate"]


def check_certificate(certfile: Path | None, keyfile: Path | None) -> None:
    """Does nothing if a server can show a certificate, or is to show none.

    Args:
        certfile: PEM file with the certificate and those that it is signed by.
        keyfile: PEM file with its unencrypted private key; None where that is in `certfile`.

    Raises:
        InvalidInputError: They cannot be read, do not belong together, or the key is encrypted.
    """
    if certfile is None:
        if keyfile is not None:
            raise InvalidInputError("keyfile is given without certfile")
        return
    names = f"certfile {certfile}" + (f" with keyfile {keyfile}" if keyfile else "")
    try:
        # Without the password OpenSSL would ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, password="")
    except ssl.SSLError as error:
        reason = (error.reason or "").replace("_", " ").lower() or "they are no certificate and its unencrypted key"
        raise InvalidInputError(f"{names}: {reason}") from None
    except OSError as error:
        raise InvalidInputError(f"{names}: {error.strerror}") from None
