/** A running npm mirror, as RUN steps are led to it. */
export interface NpmMirror {
  /** `http://host[:port]`. It takes CONNECT for its names, and speaks TLS behind it. */
  readonly url: string;
  /** The hosts that it stands for, without ports. */
  readonly names: readonly string[];
  /** What programs of steps are to trust besides what they know: the authorities that it shows, and perhaps others; PEM. */
  readonly certificates: readonly string[];
}
