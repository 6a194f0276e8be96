"""MovieLens: ratings of films, with what is known of people and films."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mtl_magic.datasets._files import find, looked_up

if TYPE_CHECKING:
    import pandas as pd

GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


def movielens(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """A MovieLens set of GroupLens (Harper and Konstan 2015, doi 10.1145/2827872), sorted by time: 100K, 1M, 10M, or 20M and later.

    Args:
        folder: where its files are: `u.data`, `u.user`, `u.item` (100K), `ratings.dat`, `users.dat`, `movies.dat` (1M;
            10M has no users), or `ratings.csv` and `movies.csv`.

    Columns: `user_id`, `movie_id`, `rating`, `timestamp` (seconds since 1970), `title`, `genres` ('Action|Drama':
    `feature genres: tags`), `year` of the film, and with 100K and 1M `gender`, `age`, `occupation`, `zip`. Nothing says
    what was seen and not rated: a task `like` is yours to define, as `feed["like"] = feed.rating >= 4`.

    Raises:
        MtlError: MTL213, a file is missing.
    """
    import pandas as pd

    if looked_up(folder, ("u.data",)) is not None:
        ratings, movies, users = _hundred(folder)
    elif looked_up(folder, ("ratings.dat",)) is not None:
        ratings, movies, users = _dat(folder)
    else:
        names = {"userId": "user_id", "movieId": "movie_id"}
        ratings = pd.read_csv(find(folder, "MovieLens", "ratings.csv", "ratings.dat", "u.data")).rename(columns=names)
        movies = pd.read_csv(find(folder, "MovieLens", "movies.csv")).rename(columns=names)
        users = None
    made = ratings.merge(movies, on="movie_id", how="left", validate="many_to_one")
    if users is not None:
        made = made.merge(users, on="user_id", how="left", validate="many_to_one")
    made["year"] = pd.to_numeric(made["title"].str.extract(r"\((\d{4})\)\s*$", expand=False))
    return made.sort_values(["timestamp", "user_id", "movie_id"], kind="stable", ignore_index=True)


def _table(folder: Any, name: str, separator: str, names: list[str], use: list[int] | None = None) -> pd.DataFrame:
    import pandas as pd

    path = find(folder, "MovieLens", name)
    engine: Any = "c" if len(separator) == 1 else "python"
    options: Any = {"encoding": "latin-1", "header": None, "names": names, "usecols": use, "dtype": {"zip": str}}
    return pd.read_csv(path, sep=separator, engine=engine, quoting=3, **options)


def _hundred(folder: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    ratings = _table(folder, "u.data", "\t", ["user_id", "movie_id", "rating", "timestamp"])
    users = _table(folder, "u.user", "|", ["user_id", "age", "gender", "occupation", "zip"])
    movies = _table(folder, "u.item", "|", ["movie_id", "title", "release", "video", "url", *GENRES])
    flags = movies[list(GENRES)].to_numpy() == 1
    movies["genres"] = ["|".join(g for g, on in zip(GENRES, row, strict=True) if on) for row in flags]
    return ratings, movies[["movie_id", "title", "genres"]], users


def _dat(folder: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    ratings = _table(folder, "ratings.dat", "::", ["user_id", "movie_id", "rating", "timestamp"])
    movies = _table(folder, "movies.dat", "::", ["movie_id", "title", "genres"])
    if looked_up(folder, ("users.dat",)) is None:
        return ratings, movies, None
    return ratings, movies, _table(folder, "users.dat", "::", ["user_id", "gender", "age", "occupation", "zip"])
