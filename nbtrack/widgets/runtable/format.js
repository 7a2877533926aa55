// Values as people read them; the same rules as nbtrack/widgets/format.py has for the static table.

const DIGITS = 4;

export function number(value, digits = DIGITS) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return grouped(value, 0);
  const rounded = Math.abs(Number(value.toPrecision(digits)));
  if (rounded < 1e-4 || rounded >= 1e9) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const power = Number(exponent);
    const sign = power < 0 ? "-" : "+";
    return `${trimmed(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const decimals = Math.max(digits - 1 - Math.floor(Math.log10(rounded)), 1);
  return trimmed(grouped(value, Math.min(decimals, 12)));
}

const formats = new Map();

function grouped(value, decimals) {
  if (!formats.has(decimals)) {
    const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat("en-US", options));
  }
  return formats.get(decimals).format(value);
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

// One way to write all the numbers of a column, so that their points stand above one another: the same decimals for
// all where their sizes allow it, else each by itself.
export function columnFormat(values) {
  let largest = 0;
  let smallest = Infinity;
  let fractions = false;
  for (const value of values) {
    const size = Math.abs(value);
    if (!(size > 0) || size === Infinity) continue;
    if (size > largest) largest = size;
    if (size < smallest) smallest = size;
    if (!fractions && !Number.isInteger(value)) fractions = true;
  }
  if (!fractions || largest >= 1e9 || largest === 0) return number;
  const high = Math.floor(Math.log10(largest));
  const low = Math.floor(Math.log10(smallest));
  const decimals = Math.max(DIGITS - 1 - high, Math.min(DIGITS - 2 - low, DIGITS), 1);
  if (decimals > 6 || 1 - low > decimals + 3) return number;
  return (value) => (Number.isFinite(value) ? grouped(value, decimals) : number(value));
}

export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds < 0.9995) return `${Math.max(seconds * 1000, 0).toFixed(0)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (amount) => String(amount).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${two(Math.floor((whole % 86400) / 3600))} h`;
}

const AGES = [[60e3, 1e3, "s"], [3600e3, 60e3, "min"], [86400e3, 3600e3, "h"], [7 * 86400e3, 86400e3, "d"]];

export function age(then, now) {
  const passed = now - then;
  if (passed < 10e3) return "just now";
  for (const [limit, size, unit] of AGES) if (passed < limit) return `${Math.floor(passed / size)} ${unit} ago`;
  return moment(then).slice(0, 10);
}

export function moment(then) {
  const time = new Date(then);
  const two = (amount) => String(amount).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

export function amount(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

export function words(label) {
  return label.replaceAll("_", " ");
}
