/** One trunk, three heads. */

import { LabIcon } from '@jupyterlab/ui-components';

const svgstr =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">' +
  '<circle cx="5" cy="12" r="3"/><circle cx="19" cy="5" r="2.5"/><circle cx="19" cy="12" r="2.5"/><circle cx="19" cy="19" r="2.5"/>' +
  '<path d="M7.5 11.3 16.6 5.2l.9 1.3-9 6.2zM8 11.2h8.5v1.6H8zM7.5 12.7l.9-1.3 9 6.2-.9 1.3z"/></g></svg>';

export const icon = new LabIcon({ name: 'mtl-magic:icon', svgstr });
