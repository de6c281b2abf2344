import { sampleDigests } from './layout-digest.ts';

process.stdout.write(JSON.stringify(await sampleDigests(Number(process.argv[2]))));
