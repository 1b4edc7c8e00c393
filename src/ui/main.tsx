import { render } from 'preact';
import { App } from './app.js';
import { openBrowser } from './open-browser.js';

const root = document.getElementById('page');
if (root) render(<App browser={openBrowser()} />, root);
