export { defineEvents, type EventDefinition, type EventDefinitions, type Upcaster } from '#kernel';
