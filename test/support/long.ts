// `npm run test:long` runs everything; `npm test`, which is to end within its budget, leaves out what is only more of the
// same kind. A file that is nothing else is named *.long.test.ts.

/** Whether a file is to run the longer of its forms. */
export const LONG = process.env.TEST_LONG === '1'
