// What a person types above a column, and whether a run fits. The kernel has the same rules for runs that are not here
// (nbtrack/store/grid.py).

const COMPARED = /^(>=|<=|!=|>|<|=)\s*(.+)$/;
const AGE = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)$/i;
const UNITS_MS = { s: 1e3, m: 60e3, min: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

export const HINTS = {
  number: "as 0.97, > 0.9, 1..5, !=0, empty, !empty",
  time: "as 2026-03, > 2026-03-01, 2h (the last two hours)",
  text: "a text within; =whole, !without, empty, !empty",
};

// Returns null for nothing, {error} for what cannot be read, else {operator, values}.
export function parsed(text, type, now) {
  const typed = text.trim();
  if (!typed) return null;
  if (/^!?empty$/i.test(typed)) return { operator: typed.startsWith("!") ? "there" : "empty", values: [] };
  if (type === "number") return parsedNumber(typed);
  if (type === "time") return parsedTime(typed, now);
  if (typed.startsWith("!=")) return { operator: "isnot", values: [typed.slice(2).trim()] };
  if (typed.startsWith("=")) return { operator: "is", values: [typed.slice(1).trim()] };
  if (typed.startsWith("!") && typed.length > 1) return { operator: "hasnot", values: [typed.slice(1).trim()] };
  return { operator: "has", values: [typed] };
}

function parsedNumber(typed) {
  const range = typed.match(/^(.+?)\s*\.\.\s*(.+)$/);
  if (range) {
    const values = [read(range[1]), read(range[2])];
    return values.includes(null) ? { error: HINTS.number } : { operator: "between", values };
  }
  const [, operator, rest] = typed.match(COMPARED) ?? [null, "", typed];
  const value = read(rest);
  if (value === null) return { error: HINTS.number };
  if (operator === "" && Number.isFinite(value)) return near(rest, value);
  if (Number.isNaN(value)) return { operator: operator === "!=" ? "isnot" : "is", values: ["nan"] };
  return { operator: { "": "is", "=": "is", "!=": "isnot" }[operator] ?? operator, values: [value] };
}

function read(text) {
  const plain = text.trim().replaceAll(",", "");
  if (/^nan$/i.test(plain)) return NaN;
  if (/^[+-]?inf(inity)?$/i.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
  return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
}

// What is shown is rounded, so 0.97 means everything that is written so.
function near(text, value) {
  const [mantissa, exponent] = text.trim().toLowerCase().split("e");
  const decimals = (mantissa.split(".")[1] ?? "").length - Number(exponent ?? 0);
  if (decimals <= 0) return { operator: "is", values: [value] };
  const half = 0.5 * 10 ** -decimals;
  return { operator: "between", values: [value - half, value + half] };
}

function parsedTime(typed, now) {
  const recent = typed.match(AGE);
  if (recent) {
    const span = Number(recent[1]) * UNITS_MS[recent[2].toLowerCase()];
    return { operator: ">=", values: [now - span] };
  }
  const [, operator, rest] = typed.match(COMPARED) ?? [null, "", typed];
  const span = day(rest);
  if (!span) return { error: HINTS.time };
  const [start, end] = span;
  if (operator === "" || operator === "=") return { operator: "between", values: [start, end - 1] };
  if (operator === "!=") return { error: HINTS.time };
  return { operator, values: [operator === ">" || operator === "<=" ? end - 1 : start] };
}

// From when to when a date goes that may lack its day or its time, in the reader's zone.
function day(text) {
  const found = text.trim().match(/^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T](\d{1,2}):(\d{2}))?)?)?$/);
  if (!found) return null;
  const [year, month, date, hour, minute] = found.slice(1).map((part) => (part === undefined ? null : Number(part)));
  const at = (...parts) => new Date(...parts).getTime();
  if (month === null) return [at(year, 0), at(year + 1, 0)];
  if (date === null) return [at(year, month - 1), at(year, month)];
  if (hour === null) return [at(year, month - 1, date), at(year, month - 1, date + 1)];
  return [at(year, month - 1, date, hour, minute), at(year, month - 1, date, hour, minute + 1)];
}

// Returns a function that tells of a run's place whether its value fits.
export function fits(column, { operator, values }) {
  if (operator === "empty") return (index) => column.at(index) === null;
  if (operator === "there") return (index) => column.at(index) !== null;
  if (!column.isNumber || operator === "has" || operator === "hasnot") return fitsText(column, operator, values);
  const [low, high] = values.map(Number);
  const test = {
    is: (value) => value === low || (Number.isNaN(low) && Number.isNaN(value)),
    isnot: (value) => !(value === low || (Number.isNaN(low) && Number.isNaN(value))),
    "<": (value) => value < low,
    "<=": (value) => value <= low,
    ">": (value) => value > low,
    ">=": (value) => value >= low,
    between: (value) => value >= low && value <= high,
  }[operator];
  return (index) => {
    const value = column.at(index);
    return value === null ? operator === "isnot" : test(value);
  };
}

function fitsText(column, operator, values) {
  const wanted = String(values[0]).toLowerCase();
  const test = {
    has: (text) => text.includes(wanted),
    hasnot: (text) => !text.includes(wanted),
    is: (text) => text === wanted,
    isnot: (text) => text !== wanted,
  }[operator];
  if (!test) return () => false;
  const without = operator === "hasnot" || operator === "isnot";
  // The same few words again and again: each is looked at once.
  if (column.words) {
    const found = [without, ...column.words.map((word) => test(word.toLowerCase()))];
    return (index) => found[column.codes[index]];
  }
  return (index) => {
    const value = column.at(index);
    return value === null ? without : test(String(value).toLowerCase());
  };
}

// Words that must all occur somewhere in a run.
export function quickly(text, columns) {
  const tests = text.toLowerCase().split(/\s+/).filter(Boolean)
    .map((word) => columns.map((column) => fits(column, { operator: "has", values: [word] })));
  return (index) => tests.every((either) => either.some((test) => test(index)));
}
