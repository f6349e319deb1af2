export { createMachine, type Machine, type MachineOptions } from './machine/create-machine.ts';
