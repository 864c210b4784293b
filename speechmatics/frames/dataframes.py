"""Tables as dataframes, over the same memory where that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from speechmatics.exceptions import MissingExtraError
from speechmatics.frames.tables import check_data

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["to_pandas", "to_polars"]


def to_pandas(data: pa.Table | pa.RecordBatchReader) -> pandas.DataFrame:
    """A table as a pandas DataFrame over the same memory: its columns have Arrow's types (`pandas.ArrowDtype`).

    Raises:
        InvalidInputError: `data` is neither a table nor a stream.
        MissingExtraError: pandas is not installed.
    """
    try:
        from pandas import DataFrame
        from pandas.arrays import ArrowExtensionArray
    except ImportError:
        raise MissingExtraError("to_pandas needs pandas, which is not installed: pip install pandas") from None
    table = _table(data)
    columns = zip(table.column_names, table.columns, strict=True)
    return DataFrame({name: ArrowExtensionArray(column) for name, column in columns}, copy=False)


def to_polars(data: pa.Table | pa.RecordBatchReader) -> polars.DataFrame:
    """A table as a polars DataFrame, whose numbers are in the same memory.

    Raises:
        InvalidInputError: `data` is neither a table nor a stream.
        MissingExtraError: polars is not installed.
    """
    try:
        from polars import DataFrame
    except ImportError:
        raise MissingExtraError("to_polars needs polars, which is not installed: pip install polars") from None
    return DataFrame(_table(data))


def _table(data: pa.Table | pa.RecordBatchReader) -> pa.Table:
    check_data(data)
    return data if isinstance(data, pa.Table) else data.read_all()
