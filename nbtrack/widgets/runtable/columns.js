// Columns as the kernel sends them (nbtrack/widgets/runtable/wire.py): at(i) is a number, a text, or null.

const CODES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

// A message's bytes begin anywhere; typed arrays want to begin at a multiple of their size.
function bytesOf(view) {
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

export function decoded(spec, buffers, count) {
  const data = bytesOf(spec.data ?? buffers[spec.b]);
  if (spec.k === "f") return new Numbers(new Float64Array(data), spec.nan);
  if (spec.k === "h") return new Ids(new Uint8Array(data));
  const Codes = CODES[count ? data.byteLength / count : 1] ?? Uint8Array;
  return new Words(new Codes(data), spec.words);
}

export class Numbers {
  constructor(values, nan) {
    this.values = values;
    this.nan = nan?.length ? new Set(nan) : null;
    this.isNumber = true;
  }

  get length() {
    return this.values.length;
  }

  at(index) {
    const value = this.values[index];
    return value === value ? value : this.nan?.has(index) ? NaN : null;
  }

  // What the column is sorted by; NaN for what has no place and goes last.
  ranks() {
    return this.values;
  }

  lasts(index) {
    return this.nan?.has(index) ? 0 : 1;
  }

  extended(count) {
    const values = new Float64Array(count).fill(NaN);
    values.set(this.values.subarray(0, count));
    return new Numbers(values, this.nan ? [...this.nan] : []);
  }

  put(index, value) {
    this.values[index] = value === null ? NaN : value;
    if (Number.isNaN(value)) (this.nan ??= new Set()).add(index);
    else this.nan?.delete(index);
  }
}

export class Words {
  constructor(codes, list) {
    this.codes = codes;
    this.words = list;
    this.isNumber = false;
  }

  get length() {
    return this.codes.length;
  }

  at(index) {
    const code = this.codes[index];
    return code ? this.words[code - 1] : null;
  }

  // Numbers in the order of numbers, then what is text: as the store sorts.
  ranks() {
    const order = this.words.map((word, index) => [word.trim() === "" ? NaN : Number(word), word, index]);
    order.sort(([first, text], [second, other]) => {
      const apart = Number.isNaN(first) - Number.isNaN(second);
      if (apart || (!Number.isNaN(first) && first !== second)) return apart || first - second;
      return text < other ? -1 : text > other ? 1 : 0;
    });
    const places = new Float64Array(this.words.length + 1).fill(NaN);
    order.forEach(([, , index], place) => (places[index + 1] = place));
    return Float64Array.from(this.codes, (code) => places[code]);
  }

  lasts() {
    return 1;
  }

  extended(count) {
    const codes = new Uint32Array(count);
    codes.set(this.codes.subarray(0, count));
    return new Words(codes, this.words);
  }

  put(index, value) {
    if (value === null) {
      this.codes[index] = 0;
      return;
    }
    this.places ??= new Map(this.words.map((word, place) => [word, place + 1]));
    let code = this.places.get(value);
    if (!code) {
      code = this.words.push(value);
      this.places.set(value, code);
      if (!(this.codes instanceof Uint32Array)) this.codes = Uint32Array.from(this.codes);
    }
    this.codes[index] = code;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export class Ids {
  constructor(bytes) {
    this.bytes = bytes;
    this.isNumber = false;
  }

  get length() {
    return this.bytes.length / 16;
  }

  at(index) {
    let text = "";
    for (let byte = index * 16; byte < index * 16 + 16; byte += 1) text += HEX[this.bytes[byte]];
    return text;
  }

  holds(index, id) {
    for (let byte = 0; byte < 16; byte += 1) {
      if (HEX[this.bytes[index * 16 + byte]] !== id.slice(byte * 2, byte * 2 + 2)) return false;
    }
    return true;
  }

  ranks() {
    const order = Array.from({ length: this.length }, (_, index) => [this.at(index), index]).sort();
    const places = new Float64Array(this.length);
    order.forEach(([, index], place) => (places[index] = place));
    return places;
  }

  lasts() {
    return 1;
  }

  extended(count) {
    const bytes = new Uint8Array(count * 16);
    bytes.set(this.bytes.subarray(0, count * 16));
    return new Ids(bytes);
  }

  put(index, value) {
    for (let byte = 0; byte < 16; byte += 1) {
      this.bytes[index * 16 + byte] = Number.parseInt(value.slice(byte * 2, byte * 2 + 2), 16);
    }
  }
}

// A column of another kind takes the values of one that turned out to hold something else, as texts.
export function asWords(column) {
  const made = new Words(new Uint32Array(column.length), []);
  for (let index = 0; index < column.length; index += 1) {
    const value = column.at(index);
    made.put(index, value === null ? null : String(value));
  }
  return made;
}
