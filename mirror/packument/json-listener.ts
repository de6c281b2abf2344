/**
 * What a place of the document is to the listener. A place is the number of a rule in the list that the walker is given,
 * from 1 on; 0 is everything that nobody listens to. The document itself is place 1.
 */
export interface PlaceRule {
  /** Which keys of an object here are told, by their bytes: bit n for keys of n bytes (n < 31), -1 for all. */
  readonly keyLengths: number;
  /** Whether the text of a string here is wanted. */
  readonly hasText: boolean;
}

export interface JsonListener {
  /** An object in a place has this key, whose quote lies at `start`. Gives the place of its value. */
  key(place: number, text: string, start: number): number;
  /** An object begins in a place. */
  object(place: number, offset: number): void;
  /** A string is in a place; from quote to after quote it lies at `start` to `end`. `text` is empty where not wanted. */
  string(
    place: number,
    text: string,
    range: { readonly start: number; readonly end: number },
  ): void;
  /** Something else is in a place, by its first byte. */
  other(place: number, firstByte: number, offset: number): void;
  /** The value of a key of an object in a place has ended; `end` is the offset after its last byte. */
  memberEnd(place: number, end: number): void;
}

export interface JsonWalkerOptions {
  /** What the bytes are, for messages: `the packument of NAME`. */
  readonly subject: string;
  readonly listener: JsonListener;
  readonly places: readonly PlaceRule[];
  readonly maxDepth: number;
  readonly maxBytes: number;
  /** The longest text or listened-to key, in raw bytes. */
  readonly maxTextBytes: number;
}
