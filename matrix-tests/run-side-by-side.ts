/**
 * Does the same for each item, so many at a time, and gives the results in the order of the items. After a failure no more are begun,
 * `onFailure` is told at once, and the failure is thrown when those that run have ended.
 */
export async function runSideBySide<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  { jobs, onFailure }: { readonly jobs: number; readonly onFailure: (error: unknown) => void },
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failures.length > 0) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        if (failures.push(error) === 1) onFailure(error);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  // oxlint-disable-next-line typescript/only-throw-error
  if (failures.length > 0) throw failures[0];
  return results;
}
