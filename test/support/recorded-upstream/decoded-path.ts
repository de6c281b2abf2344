/** The path of a request, percent-decoded; null where it cannot be. */
export function decodedPath(url: string): string | null {
  try {
    return decodeURIComponent(url.split('?', 1)[0] ?? '');
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
