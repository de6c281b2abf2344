import type { Cases } from './cases/case.ts';
import { filesCases } from './cases/files-cases.ts';
import { runCases } from './cases/runs-cases.ts';
import { sudoCases } from './cases/sudo-cases.ts';
import { userCases } from './cases/user-cases.ts';

/** All checks of the contract. */
export const cases: Cases = { ...sudoCases, ...userCases, ...filesCases, ...runCases };
