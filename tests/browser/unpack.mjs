// Unpacks the packaged Chromium and its libraries into TMPDIR and prints the program's path.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());
