/** Stages of a task as a worker goes through them, by names that last: each stands for one point of the code. */
export const STAGES = [
  {
    name: 'worker.taken',
    point: 'worker/deliveries/attempt.runDelivery.1.before',
    about: 'A worker has taken a delivery from its queue and has not told the server.',
  },
  {
    name: 'worker.claimed',
    point: 'worker/deliveries/attempt.runDelivery.1.after',
    about: 'The server has said that the attempt is this worker’s.',
  },
  {
    name: 'worker.fetched',
    point: 'worker/deliveries/scene-page-attempt.withScenePage.1.after',
    about: 'The files of the scene are on the worker’s disk.',
  },
  {
    name: 'worker.loaded',
    point: 'worker/deliveries/scene-page-attempt.withScenePage.6.after',
    about: 'The scene is loaded in the browser’s page.',
  },
  {
    name: 'worker.drawing',
    point: 'worker/deliveries/render-attempt.draw.2.before',
    about: 'The page has been told to draw a frame and is at it.',
  },
  {
    name: 'worker.drawn',
    point: 'worker/deliveries/render-attempt.draw.2.after',
    about: 'A frame is drawn; its file is being made.',
  },
  {
    name: 'worker.encoded',
    point: 'worker/deliveries/render-attempt.deliverAfter.2.after',
    about: 'The file of a frame is made and not sent.',
  },
  {
    name: 'worker.stored',
    point: 'worker/deliveries/deliver-frame.deliverFrame.3.after',
    about: 'The server has answered that a frame is stored and recorded.',
  },
  {
    name: 'worker.reported',
    point: 'worker/deliveries/attempt.runDelivery.2.after',
    about: 'All frames of an attempt are delivered.',
  },
  {
    name: 'worker.unacknowledged',
    point: 'worker/deliveries/delivery-queue.open.1.after',
    about: 'An attempt is over and its delivery has not left the queue.',
  },
] as const;
