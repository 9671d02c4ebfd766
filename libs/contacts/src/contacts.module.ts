import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { ContactCommands } from './contact-commands.handlers.js';
import { contactDecider } from './contact.js';
import { ContactsController } from './contacts.controller.js';
import { ErasuresController } from './erasures.controller.js';
import { GetErasureHandler } from './erasures.query.js';
import { MergeCommands } from './merge-commands.handlers.js';
import { MergesController } from './merges.controller.js';
import { mergesDecider } from './merges.js';

@Module({
  controllers: [ContactsController, MergesController, ErasuresController],
  providers: [
    ...handlersFor(contactDecider, ContactCommands),
    ...handlersFor(mergesDecider, MergeCommands),
    GetErasureHandler,
  ],
})
export class ContactsModule {}
