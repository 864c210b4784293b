"""Very many files on a Dask cluster, for those whom one machine does not hold; needs the extra `dask`.

`transcribe` makes jobs and fetches their transcripts, within limits that the whole cluster shares; `words` and
`validate` make dataframes of transcripts. Files are named by paths or fsspec URLs.

    >>> from distributed import Client
    >>> from speechmatics.dask import ClusterLimits, transcribe, validate, words
    >>> with Client("tcp://scheduler:8786"):
    ...     results = transcribe("s3://calls/*.wav", config, output="s3://transcripts", limits=ClusterLimits(jobs=50))
    ...     failed = results.filter(lambda result: result.error).compute()
    ...     words("s3://transcripts/*.json").to_parquet("s3://tables/words", write_index=False)
    ...     validate("s3://transcripts/*.json").to_parquet("s3://tables/problems", write_index=False)

No task holds a key, a client or settings: each process of a worker makes its client from its environment. When to use
this, and what remains uncertain, stands in `docs/dask.md`.
"""

from __future__ import annotations

from importlib import import_module

from speechmatics import _installation as _installation
from speechmatics.exceptions import MissingExtraError

try:
    for _name in ("dask.bag", "dask.dataframe", "distributed", "fsspec", "pyarrow"):
        import_module(_name)
except ImportError:
    raise MissingExtraError("speechmatics.dask", "dask") from None

from speechmatics.dask.limits import ClusterLimits
from speechmatics.dask.tables import validate, words
from speechmatics.dask.transcription import Files, TranscribedFile, transcribe

__all__ = ["ClusterLimits", "Files", "TranscribedFile", "transcribe", "validate", "words"]
