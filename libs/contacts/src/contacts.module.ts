import { Module } from '@nestjs/common';
import { handlersFor } from '#platform';
import { ContactCommands } from './contact-commands.handlers.js';
import { contactDecider } from './contact.js';
import { ContactsController } from './contacts.controller.js';
import { ErasuresController } from './erasures.controller.js';
import { GetErasureHandler } from './erasures.query.js';

@Module({
  controllers: [ContactsController, ErasuresController],
  providers: [...handlersFor(contactDecider, ContactCommands), GetErasureHandler],
})
export class ContactsModule {}
