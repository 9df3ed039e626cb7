# Installs thetaedge from the archive of a release, or removes it. Windows PowerShell 5.1 or newer.
#
#   .\install.ps1 -From https://RELEASES
#   .\install.ps1 -Uninstall
#
# docs/operators/install.md explains it.
param(
    [string]$From = $env:THETAEDGE_RELEASES,
    [string]$Channel = 'stable',
    [string]$To = (Join-Path $env:LOCALAPPDATA 'Programs\thetaedge'),
    [string]$Key = '',
    [switch]$AllowDowngrade,
    [switch]$Uninstall,
    [Parameter(ValueFromRemainingArguments = $true)][string[]]$Rest = @()
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

# The public key of minisign that signs the releases. Copies of this script next to a release have it.
$ReleaseKey = ''
$keyed = [bool]$Key
if (-not $Key) { $Key = $ReleaseKey }
$program = Join-Path $To 'thetaedge.exe'

function Get-ProgramVersion([string]$path) {
    try { $line = (& $path version | Select-Object -First 1) } catch { return '' }
    if ($line -match '^thetaedge v?(\S+)$') { return $Matches[1] }
    return ''
}

# Get-Order returns numbers that compare as releases do; nothing for a build that is not a release.
function Get-Order([string]$version) {
    if ($version -match '(-\d+-g[0-9a-f]+|-dirty)$') { return $null }
    if ($version -notmatch '^(\d+\.\d+\.\d+)(-([0-9A-Za-z.-]+))?$') { return $null }
    return @{ Number = [version]$Matches[1]; Early = $version.Contains('-'); Text = $version }
}

function Test-Newer($a, $b) {
    if ($a.Number -ne $b.Number) { return $a.Number -gt $b.Number }
    if ($a.Early -ne $b.Early) { return $b.Early }
    return [string]::CompareOrdinal($a.Text, $b.Text) -gt 0
}

# Windows lets nobody replace a program that runs, and lets everybody rename it.
function Move-Aside([string]$path) {
    $aside = "$path.old"
    if (Test-Path -LiteralPath $aside) {
        try { Remove-Item -LiteralPath $aside -Force } catch { $aside = "$path.$([guid]::NewGuid()).old" }
    }
    Move-Item -LiteralPath $path -Destination $aside
    return $aside
}

# An installation that was interrupted between its two steps has left only the program before.
if (-not (Test-Path -LiteralPath $program) -and (Test-Path -LiteralPath "$program.old")) {
    Move-Item -LiteralPath "$program.old" -Destination $program
}

if ($Uninstall) {
    if (-not (Test-Path -LiteralPath $program)) { throw "expected the program at $program, found none; -To names its folder" }
    & $program uninstall @Rest
    if ($LASTEXITCODE -ne 0) { throw 'nothing was removed; the lines above say why' }
    if (Test-Path -LiteralPath $program) { Remove-Item -LiteralPath $program -Force }
    Get-ChildItem -LiteralPath $To -Filter 'thetaedge.exe.*old' -ErrorAction SilentlyContinue | Remove-Item -Force -ErrorAction SilentlyContinue
    return
}

if (-not $From) { throw 'expected -From URL or THETAEDGE_RELEASES with the address of the releases, found none: no public address exists yet' }
if ($From -match '[@?#]') { throw "expected an address without a user, question mark and hash sign, found $From" }
if ($From -notmatch '^(https://|http://(127\.0\.0\.1|localhost)[:/])') { throw "expected an address that begins with https://, found $From" }
if ($Channel -notmatch '^[a-z0-9-]+$') { throw "-Channel: expected lower case letters, digits and dashes, found $Channel" }
$base = $From.TrimEnd('/') + '/' + $Channel
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
$ProgressPreference = 'SilentlyContinue'

$scratch = Join-Path ([IO.Path]::GetTempPath()) ('thetaedge-install-' + [guid]::NewGuid())
New-Item -ItemType Directory -Path $scratch | Out-Null
try {
    $sums = Join-Path $scratch 'SHA256SUMS'
    Invoke-WebRequest -UseBasicParsing -Uri "$base/SHA256SUMS" -OutFile $sums
    if (-not $Key) {
        'the signature is not checked: this script has no public key; -Key gives one'
    } elseif ($keyed -and -not (Get-Command minisign -ErrorAction SilentlyContinue)) {
        throw 'expected the program minisign, with which -Key is compared, found none; install it, or leave -Key out'
    } elseif (-not (Get-Command minisign -ErrorAction SilentlyContinue)) {
        "the signature is not checked: minisign is not installed; the checksums come from $From over its connection"
    } else {
        Invoke-WebRequest -UseBasicParsing -Uri "$base/SHA256SUMS.sig" -OutFile "$sums.sig"
        & minisign -V -q -P $Key -m $sums -x "$sums.sig"
        if ($LASTEXITCODE -ne 0) { throw "the signature of SHA256SUMS is not by the key $Key; nothing was installed" }
        'the signature is good'
    }
    $lines = @(Get-Content -LiteralPath $sums | Where-Object { $_ -match '^[0-9a-f]{64}  thetaedge_[0-9A-Za-z.-]+_windows_amd64\.zip$' })
    if ($lines.Count -ne 1) { throw "expected one archive for windows/amd64 at $base, found $($lines.Count)" }
    $want, $archive = $lines[0] -split '  '
    $version = $archive -replace '^thetaedge_', '' -replace '_windows_amd64\.zip$', ''
    $new = Get-Order $version
    if ($null -eq $new) { throw "expected the archive of a release, found $archive" }
    if ((Test-Path -LiteralPath $program) -and -not $AllowDowngrade) {
        $found = Get-ProgramVersion $program
        $old = Get-Order $found
        if ($null -eq $old) { throw "found $program, whose version ($found) cannot be compared with $version; -AllowDowngrade replaces it" }
        if (Test-Newer $old $new) { throw "found version $found at $program, which is newer than $version; -AllowDowngrade replaces it" }
    }
    $zip = Join-Path $scratch $archive
    Invoke-WebRequest -UseBasicParsing -Uri "$base/$archive" -OutFile $zip
    $got = (Get-FileHash -LiteralPath $zip -Algorithm SHA256).Hash.ToLowerInvariant()
    if ($got -ne $want) { throw "expected the SHA-256 sum $want of $archive, found ${got}: it was changed or cut off on the way; nothing was installed" }
    Expand-Archive -LiteralPath $zip -DestinationPath (Join-Path $scratch 'out')
    $fresh = Join-Path $scratch 'out\thetaedge.exe'
    $runs = Get-ProgramVersion $fresh
    if ($runs -ne $version) { throw "expected a program of version $version that runs on this machine, found '$runs'; nothing was installed" }
    New-Item -ItemType Directory -Force -Path $To | Out-Null
    if ((Test-Path -LiteralPath $program) -and (Get-FileHash -LiteralPath $program).Hash -eq (Get-FileHash -LiteralPath $fresh).Hash) {
        "thetaedge $version is already installed at $program"
        return
    }
    $staged = "$program.new"
    Copy-Item -LiteralPath $fresh -Destination $staged -Force
    $aside = ''
    if (Test-Path -LiteralPath $program) { $aside = Move-Aside $program }
    try { Move-Item -LiteralPath $staged -Destination $program } catch {
        if ($aside) { Move-Item -LiteralPath $aside -Destination $program }
        throw
    }
    "installed thetaedge $version at $program"
    if (($env:Path -split ';') -notcontains $To) { "$To is not in Path; add it in the settings of Windows, or call $program" }
    'Next: thetaedge keys add operator, thetaedge init, thetaedge doctor, thetaedge register --from KEY, thetaedge service install'
} finally {
    Remove-Item -LiteralPath $scratch -Recurse -Force -ErrorAction SilentlyContinue
}
