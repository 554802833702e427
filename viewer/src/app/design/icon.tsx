/** Icons by Lucide, as they lie in its package; each file is a small SVG that takes the colour of the text. */
import archive from 'lucide-static/icons/archive.svg?raw';
import archiveRestore from 'lucide-static/icons/archive-restore.svg?raw';
import arrowLeft from 'lucide-static/icons/arrow-left.svg?raw';
import box from 'lucide-static/icons/box.svg?raw';
import camera from 'lucide-static/icons/camera.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw';
import chevronLeft from 'lucide-static/icons/chevron-left.svg?raw';
import chevronRight from 'lucide-static/icons/chevron-right.svg?raw';
import circle from 'lucide-static/icons/circle.svg?raw';
import cloudOff from 'lucide-static/icons/cloud-off.svg?raw';
import cpu from 'lucide-static/icons/cpu.svg?raw';
import download from 'lucide-static/icons/download.svg?raw';
import eye from 'lucide-static/icons/eye.svg?raw';
import file from 'lucide-static/icons/file.svg?raw';
import flame from 'lucide-static/icons/flame.svg?raw';
import focus from 'lucide-static/icons/focus.svg?raw';
import folderOpen from 'lucide-static/icons/folder-open.svg?raw';
import gauge from 'lucide-static/icons/gauge.svg?raw';
import images from 'lucide-static/icons/images.svg?raw';
import info from 'lucide-static/icons/info.svg?raw';
import keyRound from 'lucide-static/icons/key-round.svg?raw';
import keyboard from 'lucide-static/icons/keyboard.svg?raw';
import link from 'lucide-static/icons/link.svg?raw';
import listVideo from 'lucide-static/icons/list-video.svg?raw';
import logOut from 'lucide-static/icons/log-out.svg?raw';
import maximize from 'lucide-static/icons/maximize.svg?raw';
import monitor from 'lucide-static/icons/monitor.svg?raw';
import moon from 'lucide-static/icons/moon.svg?raw';
import pause from 'lucide-static/icons/pause.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import rotateCcw from 'lucide-static/icons/rotate-ccw.svg?raw';
import search from 'lucide-static/icons/search.svg?raw';
import slidersHorizontal from 'lucide-static/icons/sliders-horizontal.svg?raw';
import square from 'lucide-static/icons/square.svg?raw';
import sun from 'lucide-static/icons/sun.svg?raw';
import trash2 from 'lucide-static/icons/trash-2.svg?raw';
import triangleAlert from 'lucide-static/icons/triangle-alert.svg?raw';
import upload from 'lucide-static/icons/upload.svg?raw';
import users from 'lucide-static/icons/users.svg?raw';
import x from 'lucide-static/icons/x.svg?raw';

const ICONS = {
  archive,
  'archive-restore': archiveRestore,
  'arrow-left': arrowLeft,
  box,
  camera,
  check,
  'chevron-down': chevronDown,
  'chevron-left': chevronLeft,
  'chevron-right': chevronRight,
  'cloud-off': cloudOff,
  cpu,
  download,
  eye,
  file,
  flame,
  folder: folderOpen,
  gauge,
  images,
  info,
  key: keyRound,
  keyboard,
  jobs: listVideo,
  link,
  'log-out': logOut,
  maximize,
  monitor,
  moon,
  pause,
  play,
  plus,
  record: circle,
  retry: rotateCcw,
  stop: square,
  fit: focus,
  search,
  sliders: slidersHorizontal,
  sun,
  trash: trash2,
  warning: triangleAlert,
  upload,
  users,
  x,
} as const;

export type IconName = keyof typeof ICONS;

/** Decoration: what it means is said by the text or the label beside it. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <span
      class="icon"
      aria-hidden="true"
      style={{ '--icon-size': `${size}px` }}
      // Files of a package, chosen above; nothing from outside.
      dangerouslySetInnerHTML={{ __html: ICONS[name] }}
    />
  );
}
