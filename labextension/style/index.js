import './base.css';
import './offline.css';
