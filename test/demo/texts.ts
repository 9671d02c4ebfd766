export type Language = 'pt' | 'en';

/** What a customer says and what an agent answers, in turns; the customer begins. */
export type Dialogue = { readonly topic: string; readonly turns: readonly string[]; readonly outcome: string };

export const NAMES: Readonly<
  Record<Language, { readonly first: readonly string[]; readonly last: readonly string[] }>
> = {
  pt: {
    first: [
      'Maria',
      'João',
      'Beatriz',
      'Rafael',
      'Camila',
      'Thiago',
      'Larissa',
      'Gustavo',
      'Fernanda',
      'Felipe',
      'Juliana',
      'Antônio',
      'Letícia',
      'Vinícius',
      'Patrícia',
    ],
    last: [
      'Silva',
      'Oliveira',
      'Pereira',
      'Gonçalves',
      'Araújo',
      'Ribeiro',
      'Barbosa',
      'Moura',
      'Cardoso',
      'Figueiredo',
      'Nogueira',
      'Prado',
    ],
  },
  en: {
    first: ['Emma', 'James', 'Olivia', 'Noah', 'Grace', 'Liam', 'Hannah', 'Owen', 'Ruth', 'Marcus'],
    last: ['Walker', 'Hughes', 'Bennett', 'Foster', 'Murphy', 'Palmer', 'Quinn', 'Reyes', 'Shaw', 'Turner'],
  },
};

export const DIALOGUES: Readonly<Record<Language, readonly Dialogue[]>> = {
  pt: [
    {
      topic: 'late order',
      turns: [
        'Bom dia! Meu pedido era para chegar ontem e até agora nada.',
        'Bom dia! Já estou vendo: ele saiu do centro de distribuição às 7h e chega hoje até as 18h.',
        'Ufa, obrigada! Vou ficar de olho.',
        'Qualquer coisa é só chamar. Bom dia!',
      ],
      outcome: 'solved',
    },
    {
      topic: 'invoice',
      turns: [
        'Oi, o boleto deste mês veio com o valor errado.',
        'Olá! Encontrei a diferença, o frete entrou duas vezes. Enviei o boleto corrigido para o seu e-mail.',
        'Recebi aqui, agora está certo 👍',
      ],
      outcome: 'solved',
    },
    {
      topic: 'exchange',
      turns: [
        'Comprei um tênis 40 e ficou apertado, dá para trocar pelo 41?',
        'Dá sim! O 41 está em estoque. Prefere deixar na loja ou que a gente busque?',
        'Podem buscar, por favor. À tarde é melhor.',
        'Combinado: coleta amanhã entre 13h e 17h.',
      ],
      outcome: 'exchange',
    },
    {
      topic: 'opening hours',
      turns: ['Vocês abrem no feriado?', 'Abrimos sim, das 10h às 16h.'],
      outcome: 'answered',
    },
    {
      topic: 'cancellation',
      turns: [
        'Quero cancelar a assinatura, não estou usando.',
        'Sem problema, cancelei agora. O valor deste mês volta para o seu cartão em até 5 dias.',
        'Tá bom, obrigado pela rapidez.',
      ],
      outcome: 'cancelled',
    },
  ],
  en: [
    {
      topic: 'late order',
      turns: [
        'Hi, my parcel has been "out for delivery" since Monday.',
        'Hello! The courier had the wrong house number. I corrected it, you will have it tomorrow morning.',
        'Great, thank you for sorting it out!',
      ],
      outcome: 'solved',
    },
    {
      topic: 'refund',
      turns: [
        'I returned the headphones two weeks ago, where is my refund?',
        'They arrived on Friday and I have just released the refund: 2 to 3 working days.',
        'OK, I will check on Thursday.',
        'Please do, and write here if it is not there by then.',
      ],
      outcome: 'refund',
    },
    {
      topic: 'appointment',
      turns: ['Can I move my appointment from 3 pm to 5 pm?', 'Of course, you are booked for 5 pm today.'],
      outcome: 'answered',
    },
    {
      topic: 'password',
      turns: [
        'I cannot log in any more, the reset e-mail never arrives.',
        'It was in our bounce list, I removed it. Could you try once more?',
        "Works now, you're a star.",
      ],
      outcome: 'solved',
    },
  ],
};

/** Why somebody is blocked, what they are told, if anything, and what they go on writing. */
export type Quarrel = {
  readonly kind: 'protection' | 'do_not_contact';
  readonly reasonCode: string;
  readonly reasonText: string;
  readonly notice: string | null;
  readonly writes: readonly string[];
};

export const QUARRELS: Readonly<Record<Language, readonly Quarrel[]>> = {
  pt: [
    {
      kind: 'protection',
      reasonCode: 'abuse',
      reasonText: 'Ofendeu a atendente três vezes',
      notice: 'Encerramos o atendimento por causa das ofensas. Para voltar a falar conosco, escreva para a ouvidoria.',
      writes: ['Vocês são uns palhaços!!!', 'Respondam!!', 'ATENDAM!!!!'],
    },
    {
      kind: 'protection',
      reasonCode: 'spam',
      reasonText: 'Correntes e promoções falsas',
      notice: null,
      writes: ['GANHE R$ 5.000 POR DIA 💰 clique aqui', 'Última chance! 🔥', 'Repasse para 10 amigos'],
    },
    {
      kind: 'do_not_contact',
      reasonCode: 'customer_request',
      reasonText: 'Pediu para não ser mais procurado',
      notice: 'Como você pediu, não enviaremos mais mensagens.',
      writes: ['ok'],
    },
  ],
  en: [
    {
      kind: 'protection',
      reasonCode: 'threat',
      reasonText: 'Threatened the courier',
      notice: null,
      writes: ['I know where your office is.', 'Answer me.'],
    },
    {
      kind: 'do_not_contact',
      reasonCode: 'customer_request',
      reasonText: 'Asked us to stop writing',
      notice: 'As you asked, we will not write to you again.',
      writes: ['Thanks.'],
    },
  ],
};

export const TRANSFER_NOTES = [
  'Conhece o caso, por favor assuma',
  'Needs somebody from billing',
  'Pediu para falar com você',
  'My shift ends, please take over',
] as const;
