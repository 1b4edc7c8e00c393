import { render } from 'preact';
import { App } from './app.js';
import { openBrowser } from './browser.js';
import './app.css';

const root = document.getElementById('page');
if (root) render(<App browser={openBrowser()} />, root);
