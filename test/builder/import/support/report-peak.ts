import { writeFileSync } from 'node:fs';

/** To be loaded before a program: writes the most memory that it had, in bytes, to the file in PEAK_FILE. */
process.on('exit', () => {
  const file = process.env['PEAK_FILE'];
  if (file !== undefined) writeFileSync(file, String(process.resourceUsage().maxRSS * 1024));
});
