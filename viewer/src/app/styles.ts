import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/controls.css';
import '../styles/shell.css';
import '../styles/library.css';
import '../styles/upload.css';
import '../styles/scene.css';
import '../styles/jobs.css';
