"""What the tables of a workspace make of the columns of its sources, read from their queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlglot as sg
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from opsnb.analysis.sources.column_roles import Ask, Roles

_Place = tuple[str, str, str]
"""Source, table and column, in lower case."""

_SPELLED = (
    exp.Trim, exp.Coalesce, exp.Concat, exp.ConcatWs, exp.DPipe, exp.Upper, exp.Lower, exp.Initcap,
    exp.Substring, exp.Left, exp.Right, exp.Replace, exp.Nullif, exp.SplitPart, exp.RegexpReplace,
    exp.RegexpExtract, exp.Pad, exp.Reverse, exp.MD5, exp.SHA, exp.SHA2, exp.Max, exp.Min,
    exp.AnyValue, exp.First, exp.Last, exp.Window, exp.Filter, exp.Distinct, exp.Paren, exp.Alias,
    exp.Case, exp.If,
)  # fmt: skip
"""What hands a text on, or makes a text of texts."""

_PLAIN = (
    exp.Coalesce, exp.Nullif, exp.Max, exp.Min, exp.AnyValue, exp.First, exp.Last, exp.Window,
    exp.Paren, exp.Alias, exp.Case, exp.If, exp.Filter, exp.Distinct,
)  # fmt: skip
"""What hands on a value of any type."""

_SUMS = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Sum, exp.Avg,
         exp.Abs, exp.Round)  # fmt: skip
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


class ColumnUses:
    """Roles of columns by source and table, for all tables of a workspace."""

    def __init__(self, asks: Iterable[Ask] = ()) -> None:
        self._asks = list(asks)
        self._uses: dict[_Place, set[str]] = defaultdict(set)
        self._named: dict[str, set[str]] = defaultdict(set)
        self._same: list[set[_Place]] = []
        self._nulls: dict[tuple[str, str], tuple[str, ...]] = {}
        for ask in self._asks:
            self._read(ask)
        _spread(self._same, self._uses)

    def of(self, source: str, table: str) -> Roles:
        """The roles of the columns of a source's table."""
        found: dict[str, set[str]] = defaultdict(set)
        for (place, name, column), uses in self._uses.items():
            if (place, name) == (source.lower(), table.lower()):
                for use in uses:
                    found[use].add(column)
        text = found["text"]
        reckoned = (text & found["sum"]) | (self._named[source.lower()] - text)
        return Roles(
            frozenset(text - reckoned),
            frozenset(found["number"] - text - found["spelled"]),
            frozenset(found["time"] - text - found["spelled"]),
            frozenset(reckoned),
            self._nulls.get((source.lower(), table.lower())),
        )

    def _read(self, ask: Ask) -> None:
        source = ask.source.lower()
        if ask.table is not None:
            table = ask.table.lower()
            for name, type in ask.types.items():
                self._uses[source, table, name].add("time" if type == "date" else type)
            if ask.nulls is not None:
                self._nulls[source, table] = ask.nulls
            return
        try:
            scope = build_scope(sg.parse_one(ask.sql or "", read="duckdb"))
            if scope is None:
                raise sg.errors.ParseError("no query")
            followed = _Query(source, scope)
            for name, type in ask.types.items():
                self._give(followed.output(scope, name, type != "text"), type)
            for use, places in followed.uses():
                self._give(places, use)
            self._same += followed.matched()
        except Exception:  # its words still tell most of it: `"Member No" as user_id`
            self._named[source] |= _renamed_to(ask)
            return
        if ask.nulls is not None:
            self._nulls |= dict.fromkeys(followed.tables(), ask.nulls)

    def _give(self, places: Iterable[_Place], use: str) -> None:
        for place in places:
            self._uses[place].add("time" if use == "date" else use)


def _renamed_to(ask: Ask) -> set[str]:
    """Columns that by the words of a query become texts, or are called like one."""
    texts = {name for name, type in ask.types.items() if type == "text"}
    try:
        words = [(one.token_type, one.text.lower()) for one in sg.tokenize(ask.sql or "", "duckdb")]
    except sg.errors.TokenError:
        return texts
    renamed = {
        words[at - 1][1]
        for at in range(1, len(words) - 1)
        if words[at][0] is sg.TokenType.ALIAS and words[at + 1][1] in texts
    }
    return renamed | texts


def _spread(same: list[set[_Place]], uses: dict[_Place, set[str]]) -> None:
    """Columns that are matched with a text are texts themselves, wherever the chain ends."""
    grown = True
    while grown:
        grown = False
        for places in same:
            if any("text" in uses[place] for place in places):
                for place in places:
                    grown |= "text" not in uses[place]
                    uses[place].add("text")


@dataclass
class _Query:
    """Follows the columns of a query down to those of the source's tables."""

    source: str
    root: Scope
    _open: set[tuple[int, str]] = field(default_factory=set)

    def scopes(self) -> Iterator[Scope]:
        yield from self.root.traverse()

    def tables(self) -> set[tuple[str, str]]:
        return {
            self._table(one)
            for scope in self.scopes()
            for one in scope.sources.values()
            if isinstance(one, exp.Table)
        }

    def output(self, scope: Scope, name: str, plain: bool = False) -> set[_Place]:
        """The columns that an output of a query is made of; `plain`: is, as they are."""
        mark = (id(scope), name)
        if mark in self._open:  # a query that reads itself
            return set()
        self._open.add(mark)
        try:
            return self._output(scope, name, plain)
        finally:
            self._open.discard(mark)

    def _output(self, scope: Scope, name: str, plain: bool) -> set[_Place]:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            sides = list(scope.union_scopes)
            found = [self.output(sides[0], name, plain)]
            names = [one.alias_or_name.lower() for one in _outputs(sides[0])]
            for side in sides[1:]:
                others = _outputs(side)
                there = name
                if not query.args.get("by_name") and name in names and "*" not in names:
                    at = names.index(name)
                    there = others[at].alias_or_name.lower() if at < len(others) else name
                found.append(self.output(side, there, plain))
            return set().union(*found)
        if not isinstance(query, exp.Select):
            return set().union(*(self._of(one, name, plain) for one in scope.sources.values()))
        places: set[_Place] = set()
        for shown in query.selects:
            if shown.alias_or_name.lower() == name:
                places |= self.inside(scope, shown, plain)
            elif shown.is_star:
                table = shown.table if isinstance(shown, exp.Column) else ""
                places |= self.column(scope, table, name, plain)
        return places

    def inside(self, scope: Scope, node: Any, plain: bool = False) -> set[_Place]:
        """The columns that an expression hands on."""
        if isinstance(node, exp.Column):
            return self.column(scope, node.table, node.name.lower(), plain)
        if isinstance(node, exp.Cast):  # a cast to another type says itself what it means
            texts = not plain and node.to.this in exp.DataType.TEXT_TYPES
            return self.inside(scope, node.this, plain) if texts else set()
        if isinstance(node, exp.If):
            parts = [node.args.get("true"), node.args.get("false")]
        elif isinstance(node, exp.Case):
            parts = [*node.args.get("ifs", ()), node.args.get("default")]
        elif isinstance(node, (exp.Window, exp.Filter)):
            parts = [node.this]
        elif isinstance(node, (*_PLAIN, *_SUMS) if plain else _SPELLED):
            parts = list(node.iter_expressions())
        else:
            return set()
        return set().union(*(self.inside(scope, part, plain) for part in parts if part is not None))

    def column(self, scope: Scope, table: str, name: str, plain: bool = False) -> set[_Place]:
        """What a column of a query's tables is; without its table, of any of them."""
        sources = {alias.lower(): one for alias, one in scope.sources.items()}
        chosen = {one.lower() for one, _ in scope.references} or set(sources)
        if table:
            chosen = {table.lower()}
        return set().union(
            *(self._of(sources[one], name, plain) for one in chosen if one in sources)
        )

    def _of(self, source: Any, name: str, plain: bool) -> set[_Place]:
        if isinstance(source, Scope):
            return self.output(source, name, plain)
        return {(*self._table(source), name)} if isinstance(source, exp.Table) else set()

    def _table(self, table: exp.Table) -> tuple[str, str]:
        return (table.db or self.source).lower(), table.name.lower()

    def uses(self) -> Iterator[tuple[str, set[_Place]]]:
        """Columns that the query reckons with, and those whose letters it looks at."""
        for scope in self.scopes():
            for column in scope.columns:
                node: Any = column
                above: Any = column.parent
                while isinstance(above, (exp.Paren, exp.Neg)):
                    node, above = above, above.parent
                if isinstance(above, _SUMS) or (
                    isinstance(above, _COMPARED)
                    and any(_is_number(one) for one in above.iter_expressions() if one is not node)
                ):
                    yield "sum", self.inside(scope, column)
                elif isinstance(above, (exp.Func, exp.Like, exp.ILike, exp.DPipe)) and not (
                    isinstance(above, (*_PLAIN, *_SUMS, exp.Cast, exp.Count, exp.And, exp.Or))
                ):
                    yield "spelled", self.inside(scope, column)

    def matched(self) -> Iterator[set[_Place]]:
        """Columns that the query holds to be equal."""
        for scope in self.scopes():
            for equal in scope.find_all(exp.EQ, exp.NullSafeEQ):
                places = [self.inside(scope, side) for side in (equal.this, equal.expression)]
                if all(places):
                    yield set().union(*places)
            for inner in scope.subquery_scopes:
                within = inner.expression.find_ancestor(exp.In)
                if within is not None and (shown := _outputs(inner)):
                    first = shown[0].alias_or_name.lower()
                    yield self.inside(scope, within.this) | self.output(inner, first)
            for join in scope.find_all(exp.Join):
                for name in join.args.get("using") or ():
                    yield self.column(scope, "", name.name.lower())


def _outputs(scope: Scope) -> list[Any]:
    """What a query shows, in order."""
    shown: list[Any] = getattr(scope.expression, "selects", [])
    return shown


def _is_number(node: Any) -> bool:
    node = node.this if isinstance(node, exp.Neg) else node
    return isinstance(node, exp.Literal) and not node.is_string
