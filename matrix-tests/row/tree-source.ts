/** What `ashlar image import` takes, as `tar:FILE` or `docker://NAME`. */
export interface TreeSource {
  readonly reference: string;
  /** What is known of it only now, for the report: the date of a package archive, the tag that was pulled. */
  readonly detail: string | null;
}
