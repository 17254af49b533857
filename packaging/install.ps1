# Installs cc-cli, cc-hooks and cc-installer from a release, compared with its checksums.
#
#   ./install.ps1 [-Version VERSION] [-To DIR]
#
# CC_RELEASES names another place than the project's releases, such as a mirror.
param(
    [string] $Version = "0.1.0",
    [string] $To = (Join-Path $env:LOCALAPPDATA "Programs\cc")
)
$ErrorActionPreference = "Stop"
$ProgressPreference = "SilentlyContinue"

if (-not [Environment]::Is64BitOperatingSystem) { throw "there are no binaries for 32-bit Windows" }
$releases = $env:CC_RELEASES
if (-not $releases) { $releases = "https://github.com/cc-plugin/cc/releases/download" }
$name = "cc-$Version-x86_64-pc-windows-gnu"
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory -Path $work | Out-Null
try {
    foreach ($file in "SHA256SUMS", "$name.zip") {
        Invoke-WebRequest -UseBasicParsing -Uri "$releases/v$Version/$file" -OutFile (Join-Path $work $file)
    }
    $line = Get-Content (Join-Path $work "SHA256SUMS") | Where-Object { $_ -like "*  $name.zip" }
    if (-not $line) { throw "SHA256SUMS does not name $name.zip" }
    $digest = (Get-FileHash -Algorithm SHA256 (Join-Path $work "$name.zip")).Hash
    if ($digest -ne $line.Split(" ")[0]) { throw "$name.zip is not what SHA256SUMS says" }
    Expand-Archive -Path (Join-Path $work "$name.zip") -DestinationPath $work
    New-Item -ItemType Directory -Force -Path $To | Out-Null
    foreach ($program in "cc-cli", "cc-hooks", "cc-installer") {
        $target = Join-Path $To "$program.exe"
        # A program that runs cannot be written, but renamed.
        if (Test-Path $target) { Move-Item -Force $target "$target.old" }
        Move-Item -Force (Join-Path $work "$name\$program.exe") $target
        Remove-Item -Force -ErrorAction SilentlyContinue "$target.old"
    }
} finally {
    Remove-Item -Recurse -Force $work
}
Write-Output "cc $Version is in $To"
Write-Output "Next: $(Join-Path $To 'cc-installer.exe') install"
