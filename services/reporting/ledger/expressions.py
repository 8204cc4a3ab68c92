"""Python source for the expressions of a side: what SQL says of columns, said of rows in memory.

How it works
------------
SQL has three truth values, Python two. A condition is therefore written in one of two ways: that it holds (`holds`), and that it is
false (`fails`); when SQL's answer is NULL, neither is so. NOT exchanges the two, and no NULL is ever computed with.

    quarter.end_on >= referral.withdrawn_on      holds:  a is not None and b is not None and a >= b
                                                 fails:  a is not None and b is not None and not a >= b

A value (`value`) is the source of an expression that gives what SQL gives, and None for NULL.

Only what the declared sides use is known. Anything else is refused when the side is compiled, never at run time.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import String
from sqlalchemy.sql import elements, functions, operators, selectable

ORDERED: Mapping[Any, str] = {operators.lt: "<", operators.le: "<=", operators.gt: ">", operators.ge: ">="}
EQUAL: Mapping[Any, str] = {operators.eq: "==", operators.ne: "!="}
ARITHMETIC: Mapping[Any, str] = {operators.add: "+", operators.sub: "-", operators.concat_op: "+"}
LITERALS = {elements.Null: "None", elements.True_: "True", elements.False_: "False"}
PARAMETERS = "parameters"  # the name of the argument that holds the bind parameters

Nested = Callable[[Any], str]


class Unsupported(TypeError):
    """A construct that no side has used yet: teach it to this module."""


class Expressions:
    """Writes expressions. `column` gives the source of a column, `any_of` and `one_of` write nested selects. `numbers` are for names.

    `certain` tells of an expression whether it is never NULL.
    """

    def __init__(self, column: Nested, certain: Callable[[Any], bool], any_of: Nested, one_of: Nested, numbers: Iterator[int]) -> None:
        self.column, self.certain, self.any_of, self.one_of, self.numbers = column, certain, any_of, one_of, numbers

    def named(self, expression: Any) -> tuple[str, str]:
        """Source that gives a name to a value, and the name, for what is used more than once; no source if the value is never NULL."""
        source = self.value(expression)
        if source.isidentifier() or is_literal(source):
            return source, source
        if self.certain(expression):
            return "", source
        name = f"t{next(self.numbers)}"
        return f"({name} := {source})", name

    def holds(self, condition: Any) -> str:
        return self.truth(condition, wanted=True)

    def fails(self, condition: Any) -> str:
        return self.truth(condition, wanted=False)

    def truth(self, condition: Any, *, wanted: bool) -> str:
        match condition:
            case elements.Grouping():
                return self.truth(condition.element, wanted=wanted)
            case elements.BooleanClauseList():
                word = " and " if (condition.operator is operators.and_) is wanted else " or "
                return f"({word.join(self.truth(each, wanted=wanted) for each in condition.clauses)})"
            case selectable.Exists():
                return f"{'' if wanted else 'not '}{self.any_of(condition.element.element)}"
            case elements.UnaryExpression() if condition.operator is operators.inv:
                return self.truth(condition.element, wanted=not wanted)
            case elements.BinaryExpression():
                return self.comparison(condition, wanted=wanted)
        raise Unsupported(f"condition {type(condition).__name__}: {condition}")

    def comparison(self, condition: Any, *, wanted: bool) -> str:
        operator, left, right = condition.operator, condition.left, condition.right
        if operator in {operators.is_, operators.is_not}:
            same = (operator is operators.is_) is wanted
            if isinstance(right, elements.Null):
                return f"({self.value(left)} is {'' if same else 'not '}None)"
            return f"({self.value(left)} {'==' if same else '!='} {self.value(right)})"
        if operator in {operators.between_op, operators.not_between_op}:
            low, high = right.clauses
            return self.truth(elements.and_(left >= low, left <= high), wanted=(operator is operators.between_op) is wanted)
        if operator in {operators.in_op, operators.not_in_op}:
            first, name = self.named(left)
            among = "in" if (operator is operators.in_op) is wanted else "not in"
            return f"({known(first)}{name} {among} {tuple(right.value)!r})"
        (first, a), (second, b) = self.named(left), self.named(right)
        sign = EQUAL.get(operator) or ORDERED.get(operator)
        if sign is None:
            raise Unsupported(f"operator {operator}: {condition}")
        unknown = [f"{source} is not None" for source, name in ((first, a), (second, b)) if source and not is_literal(name)]
        compared = f"{a} {sign} {b}" if wanted else f"not {a} {sign} {b}"
        return f"({' and '.join([*unknown, compared])})"

    def value(self, expression: Any) -> str:
        match expression:
            case elements.Label() | elements.Grouping():
                return self.value(expression.element)
            case elements.Null() | elements.True_() | elements.False_():
                return LITERALS[type(expression)]
            case elements.BindParameter():
                return repr(expression.value) if expression.value is not None else f"{PARAMETERS}[{expression.key!r}]"
            case elements.ColumnClause():
                return self.column(expression)
            case elements.Case():
                return self.case(expression)
            case elements.Cast():
                return self.cast(expression)
            case functions.coalesce():
                return self.first_known([*expression.clauses])
            case functions.FunctionElement() if expression.name == "length":
                first, name = self.named(next(iter(expression.clauses)))
                return f"(len({name}) if {first} is not None else None)" if first else f"len({name})"
            case selectable.ScalarSelect():
                return self.one_of(expression.element)
            case elements.BinaryExpression() if expression.operator in ARITHMETIC:
                return self.arithmetic(expression.operator, [expression.left, expression.right])
            case elements.ExpressionClauseList() if expression.operator in ARITHMETIC:
                return self.arithmetic(expression.operator, [*expression.clauses])
        raise Unsupported(f"value {type(expression).__name__}: {expression}")

    def arithmetic(self, operator: Any, parts: list[Any]) -> str:
        """NULL if a part is."""
        named = [self.named(part) for part in parts]
        unknown = [f"{first} is not None" for first, name in named if first and not is_literal(name)]
        result = f" {ARITHMETIC[operator]} ".join(name for _, name in named)
        return f"({result} if {' and '.join(unknown)} else None)" if unknown else f"({result})"

    def case(self, expression: Any) -> str:
        otherwise = "None" if expression.else_ is None else self.value(expression.else_)
        for condition, result in reversed(expression.whens):
            otherwise = f"({self.value(result)} if {self.holds(condition)} else {otherwise})"
        return otherwise

    def cast(self, expression: Any) -> str:
        first, name = self.named(expression.clause)
        if first == "None" or not isinstance(expression.type, String):
            return self.value(expression.clause)
        return f"(str({name}) if {first} is not None else None)" if first else f"str({name})"

    def first_known(self, parts: list[Any]) -> str:
        *others, last = parts
        source = self.value(last)
        for part in reversed(others):
            first, name = self.named(part)
            source = f"({name} if {first} is not None else {source})" if first else name
        return source


def known(first: str) -> str:
    return f"{first} is not None and " if first else ""


def is_literal(source: str) -> bool:
    """Whether it is a number or a text that was written in the declaration."""
    return source[0] in "0123456789'\"-"
