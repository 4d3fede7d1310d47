"""SQL that means harm: what reads or changes files, runs without end, or has odd values or text.

`{root}` is a results folder with links to `{outside}`, `{secret}` a file there, and `{listed}` what
DuckDB calls a file of the results.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

import duckdb

PLACES = (
    "{secret}",
    "{root}/link/../secret.csv",
    "{root}/tables/link/../secret.csv",
    "{root}/link/secret.csv",
    "{root}/secret.csv",
    "{root}/../outside/secret.csv",
    "{root}/link/../tables/{name}",
    "{root}/manifest.json",
    "{outside}/*",
    "{listed}",
    "{listed}/../../secret.csv",
    "results://../secret.csv",
    "file://{secret}",
    "/etc/hostname",
    "/proc/self/environ",
    "/dev/stdin",
    "/dev/zero",
    "http://127.0.0.1:9/a.csv",
    "s3://bucket/a.parquet",
)
READERS = (
    *("from '{}'", "describe '{}'", "summarize '{}'", "from read_text('{}')", "from glob('{}')"),
    *(
        "from read_csv('{}')",
        "from read_blob(['{}'])",
        "from read_json('{}')",
        "from sniff_csv('{}')",
    ),
    *("from read_parquet('{}')", "from parquet_metadata('{}')", "from query_table('{}')"),
    *("select (select content from read_text('{}'))", "from read_duckdb('{}')"),
    *("with a as (from '{}') from a", "explain analyze from '{}'", "select * from trials, '{}'"),
    "from read_text(current_setting('temp_directory') || '/../../..{}')",
)
WRITING = (
    *("copy (select 1) to '{}'", "copy stored_sweeps from '{}'", "attach '{}'"),
    *("attach '{}' as a (type duckdb)", "export database '{}'", "import database '{}'"),
    *("with a as (copy (select 1) to '{}') select 1", "explain analyze copy (select 1) to '{}'"),
    *("copy (from trials) to '{}' (format parquet, partition_by (model))", "load '{}'"),
    *("create secret a (type s3, key_id '{}')", "install '{}'", "set temp_directory = '{}'"),
    *("set log_query_path = '{}'", "pragma profile_output = '{}'", "set home_directory = '{}'"),
    "select write_log('{}')",
)
KINDS = (
    *("alter table stored_sweeps add column x int", "analyze", "attach ':memory:' as m"),
    *("call pragma_version()", "copy from database memory to memory", "create table x (a int)"),
    *("create function f(a) as a", "create type t as enum ('a')", "create sequence s"),
    *("create schema s", "create index i on stored_sweeps (sweep)", "create view v as select 1"),
    *("create or replace view trials as select 1", "create temp table x as select 1"),
    *("create persistent secret a (type s3)", "delete from stored_sweeps", "detach memory"),
    *("drop view trials", "drop secret a", "execute q", "deallocate q", "explain drop view trials"),
    *("insert into stored_sweeps by name select 'x' as sweep", "force install httpfs"),
    *("install httpfs from community", "load httpfs", "update extensions"),
    *("update extensions (httpfs)", "merge into stored_sweeps using stored_sweeps s on true"),
    *("pragma version", "pragma enable_profiling", "pragma disable_optimizer", "use memory"),
    *("prepare q as select 1", "set threads = 1", "set variable a = 1", "reset threads", "begin"),
    *("commit", "rollback", "abort", "truncate stored_sweeps", "vacuum", "checkpoint"),
    *("force checkpoint", "update stored_sweeps set sweep = 'x'", "comment on view trials is 'x'"),
    *("set lock_configuration = false", "set enable_external_access = true", "show all tables"),
    *("set allowed_paths = ['/etc/hostname']", "pivot trials on model", "select 1; select 2"),
    *("with a as (delete from stored_sweeps returning *) from a", "shell ls", "\\d", ".read a"),
    *("from query('drop view trials')", "from enable_logging()", "from duckdb_secrets()"),
    *("from json_execute_serialized_sql(json_serialize_sql('select 1'))", "describe database x"),
)
ENDLESS = (
    "with recursive r as (select 1 n union all select n + 1 from r) from r",
    "with recursive r as (select 1 n union all select n + 1 from r) select max(n) from r",
    "select count(*) from range(1000000) a, range(1000000) b",
    "select max(i) from range(1000000000000) r(i)",
    "from range(1000000000000)",
    "select sleep_ms(600000)",
    "select pg_sleep(600)",
    "select levenshtein(repeat('a', 60000), repeat('b', 60000))",
    "select sum(length(repeat('x', 10000))) from range(100000000)",
    "select regexp_matches(repeat('a', 100000) || 'b', '(a|aa)+$') from range(100000)",
    "select list(i) from range(100000000000) r(i)",
    "from range(100000000000) r(i) order by hash(i)",
    "from generate_series(timestamp '2000-01-01', timestamp '2200-01-01', interval 1 microsecond)",
)
DEEP = (
    *(f"select {'(' * depth}1{')' * depth}" for depth in (100, 1000, 20_000)),
    *(f"select {'[' * depth}{']' * depth}" for depth in (100, 900, 20_000)),
    *(f"{'select * from (' * depth}select 1{')' * depth}" for depth in (50, 300, 5_000)),
    *("select " + "1 + " * depth + "1" for depth in (100, 900, 20_000)),
    *("select " + "not " * depth + "true" for depth in (900, 20_000)),
    "select " + " union all select ".join(map(str, range(2_000))),
    "select " + ", ".join(f"{n} as a" for n in range(10_000)),
    "with " + ", ".join(f"a{n} as (select {n})" for n in range(1_000)) + " select 1",
    f"select '{'x' * 1_000_000}'",
    f'select 1 as "{"x" * 100_000}"',
    f'from "{"x" * 100_000}"',
    f"select {'x' * 100_000}",
    f"{'x' * 100_000}",
    "select " + "case when true then " * 900 + "1" + " end" * 900,
    "select repeat('[', 100000)::json",
    "select json_extract(repeat('[', 1000) || repeat(']', 1000), '$')",
)
VALUES = (
    *("select date '290000-01-01'", "select date '-290000-01-01'", "select date 'infinity'"),
    *("select timestamp '290000-01-01'", "select timestamp 'infinity', timestamp '-infinity'"),
    *("select timestamptz '290000-01-01'", "select timestamptz '-290000-01-01 00:00:00+00'"),
    *("select timestamp_s '290000-01-01'", "select timestamp_ns '1700-01-01 00:00:00'"),
    *(
        "select time '24:00:00'",
        "select timetz '23:59:59+15:59'",
        "select interval 999999999 years",
    ),
    *("select interval (-2147483648) months", "select interval 9223372036854775807 microseconds"),
    *("select 170141183460469231731687303715884105727", "select (2 ** 127)::uhugeint"),
    *(
        "select 'nan'::double, 'inf'::float, -0.0, 1e308 * 10",
        "select 99999999999999999999.9::decimal(38,1)",
    ),
    *("select repeat('9', 5000)::bignum", "select '10101'::bit", "select '\\xFF\\x00'::blob"),
    *(
        "select uuid()",
        "select 'a'::enum('a')",
        "select union_value(a := 1)",
        "select chr(0) || 'a'",
    ),
    *(
        "select map {{['a']: 1}}",
        "select map {{1: 2, '1'::int + 1: 3}}",
        "select {{'a': {{'a': 1}}}}",
    ),
    *("select row(1, 2)", "select {{'': 1}}", 'select 1 as ""', 'select 1 as a, 2 as a, 3 as "A"'),
    *('select 1 as "table", 2 as "table"', "select null", "select [null, [null]]", "select []"),
    *("select '\x1b[2J\x1b]8;;x\x07\x9b\u202e'", 'select 1 as "\x1b[2J\n|&\\"', "select chr(127)"),
    *(
        "select error('\x1b[2J' || chr(10) || 'Traceback (most recent call last)')",
        "select 1 where 0",
    ),
    *("select t.*, e.* from trials t join epochs e using (trial_id)", "select 1/0", "select 1 % 0"),
    *(
        "select 'x'::int",
        "select cast('[1,' as int[])",
        "select array_value(1, 2)",
        "values (1), ('a')",
    ),
    *("select variant_typeof(1::variant), 1::variant", "select '1'::json, '{{\"a\": 1}}'::json"),
    *(
        "select st_point(1, 2)",
        "select 'POINT(1 2)'::geometry",
        "select 1::time_ns",
        "select ?, $1",
    ),
    *("select getenv('HOME')", "select current_setting('secret_directory')", "from pg_settings"),
    *("select getvariable('sweep')", "select current_query()", "select json_serialize_sql('x')"),
)
TEXTS = (
    *(
        "",
        " ",
        ";",
        ";;",
        "--",
        "/*",
        "/* */",
        "'",
        '"',
        "$$",
        "$a$",
        "(",
        ")",
        "select",
        "from",
        "\x00",
    ),
    *(
        "select 1\x00; drop view trials",
        "\ufeffselect 1",
        "select \u202e1",
        "select '\udcff'",
        "\udcff",
    ),
    *("select 1 /* ; */", "select 1 -- ; drop", "select e'\\x00'", "select U&'\\0000'", "選択 1"),
    *("select \u00a01", "SELECT\v1", "select 1 as \U0001f4a9", "select * from \u212aelvin"),
    *("explain", "explain explain select 1", "explain (analyze select 1", "describe", "summarize"),
    *(
        "explain (format nope) select 1",
        "select * exclude (nope) from trials",
        "from trials limit -1",
    ),
    *("from trials limit 99999999999999999999", "from trials offset -1", "select columns('(')"),
    *("select regexp_matches('a', '(')", "select strftime(now(), '%')", "select format('{{', 1)"),
    *(
        "select printf('%n', 1)",
        "select printf('%s%s%s', 1)",
        "select list_transform([1], x -> f(x))",
    ),
)
_HARMLESS = (
    "select model, count(*) from trials group by model order by 2 desc limit 3",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) from r",
    "select * from trials t join epochs e using (trial_id) where e.epoch = t.fit_epoch",
    "pivot trials on status in ('done', 'failed') using count(*) group by model",
    "explain analyze select unnest([1, 2]), {{'a': 1}}, map {{'a': 1}}, 'text', 1e5::float",
)


def statements(seed: int, mutated: int = 200) -> list[str]:
    """All of the above, every function that DuckDB has, and random mutations."""
    chance = random.Random(seed)
    reading = [reader.replace("{}", place) for reader in READERS for place in PLACES]
    writing = [
        writer.replace("{}", place) for writer in WRITING for place in chance.sample(PLACES, 5)
    ]
    fixed = [*reading, *writing, *KINDS, *ENDLESS, *DEEP, *VALUES, *TEXTS, *_functions()]
    parents = [*_HARMLESS, *KINDS, *VALUES, *writing]
    return fixed + [_mutation(chance, parents) for _ in range(mutated)]


def _functions() -> Iterator[str]:
    """Table functions and pragmas with a path, and scalar functions that take a text."""
    query = """
        select distinct function_name, function_type from duckdb_functions()
        where regexp_full_match(function_name, '[a-z_0-9]+') and (
            function_type in ('table', 'table_macro', 'pragma')
            or function_type = 'scalar' and parameter_types[1] = 'VARCHAR' and len(parameters) = 1
        ) order by all
    """
    for name, kind in duckdb.execute(query).fetchall():
        if kind == "pragma":
            yield f"pragma {name}"
            yield f"pragma {name}('{{secret}}')"
        elif kind == "scalar":
            yield f"select {name}('{{secret}}')"
        else:
            yield f"from {name}()"
            yield f"from {name}('{{secret}}')"


def _mutation(chance: random.Random, parents: Sequence[str]) -> str:
    """One whose words are dropped, doubled, exchanged or taken from another."""
    words, others = (re.findall(r"\w+|\s+|.", chance.choice(parents)) for _ in range(2))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(words))
        match chance.randrange(4):
            case 0:
                words[place] = ""
            case 1:
                words.insert(place, words[place])
            case 2:
                words[place] = chance.choice(others)
            case 3:
                words[place:place] = others[chance.randrange(len(others)) :]
    return "".join(words)
