/** Makes a value at the first call and gives the same at every later one; a failure is not kept. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made !== undefined) return made;
    const making = make();
    made = making;
    making.catch(() => {
      made = undefined;
    });
    return making;
  };
}

/** Keeps the results of the last `limit` keys that were new; a failure is not kept. */
export function cached<K, V>(limit: number, make: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const results = new Map<K, Promise<V>>();
  return (key) => {
    const known = results.get(key);
    if (known !== undefined) return known;
    const oldest = results.keys().next();
    if (results.size >= limit && oldest.done !== true) results.delete(oldest.value);
    const result = make(key);
    results.set(key, result);
    result.catch(() => {
      if (results.get(key) === result) results.delete(key);
    });
    return result;
  };
}

/** Lets calls with the same key that come while one is under way share it; nothing is kept beyond its end. */
export function shared<K, V>(work: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const running = new Map<K, Promise<V>>();
  return (key) => {
    const known = running.get(key);
    if (known !== undefined) return known;
    const run = work(key).finally(() => running.delete(key));
    running.set(key, run);
    return run;
  };
}
