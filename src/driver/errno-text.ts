/** Errors of system calls in Go's words, which Docker's messages end with. */
export { errnoText, pathErrorText } from '../abi/errno-text.ts';
