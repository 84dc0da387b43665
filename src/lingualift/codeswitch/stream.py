"""Parquet written batch by batch: for corpora that do not fit into memory."""

from lingualift.artifacts import parquet_writer

__all__ = ["parquet_writer"]
