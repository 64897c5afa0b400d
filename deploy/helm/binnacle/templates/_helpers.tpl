{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}
{{- define "binnacle.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "binnacle.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "binnacle.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "binnacle.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "binnacle.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "binnacle.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "binnacle.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "binnacle.clusterRole" -}}
{{- default (printf "system:%s" (include "binnacle.fullname" .)) .Values.clusterRole.nameOverride -}}
{{- end -}}

{{- /* What tells this release's pods from all others. */ -}}
{{- define "binnacle.selector" -}}
app.kubernetes.io/name: {{ include "binnacle.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: cluster-dns
{{- end -}}

{{- define "binnacle.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.customLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "binnacle.annotations" -}}
{{- with .Values.customAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "binnacle.clusterTolerations" -}}
- {key: CriticalAddonsOnly, operator: Exists}
- {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
{{- end -}}

{{- define "binnacle.corefile" -}}
{{- if .Values.corefile -}}
{{ .Values.corefile }}
{{- else -}}
{{- range $i, $server := .Values.servers }}
{{- if $i }}{{ "\n" }}{{ end }}
{{- $port := $server.port | default 53 | toString }}
{{- range $j, $zone := $server.zones }}
{{- if $j }} {{ end }}{{ $zone.scheme | default "" }}{{ $zone.zone | default "." }}:{{ $port }}
{{- else }}.:{{ $port }}
{{- end }} {
{{- range $server.plugins }}
    {{ .name }}
{{- if hasKey . "parameters" }} {{ .parameters }}{{ end }}
{{- with .configBlock }} {
{{ . | trim | indent 8 }}
    }
{{- end }}
{{- end }}
}
{{ end }}
{{- end -}}
{{- end -}}

{{- /* JSON {"53": {"udp": true, "tcp": true}}: what the server blocks listen on, by their zones' schemes. */ -}}
{{- define "binnacle.ports" -}}
{{- $ports := dict -}}
{{- if .Values.corefile -}}
{{- $_ := set $ports "53" (dict "udp" true "tcp" true) -}}
{{- else -}}
{{- range .Values.servers -}}
{{- $port := .port | default 53 | toString -}}
{{- $at := get $ports $port | default dict -}}
{{- range .zones | default (list (dict "zone" "." "use_tcp" true)) -}}
{{- $scheme := .scheme | default "dns://" | trimSuffix "://" -}}
{{- if has $scheme (list "tls" "https" "grpc") -}}
{{- $_ := set $at "tcp" true -}}
{{- else -}}
{{- $_ := set $at "udp" true -}}
{{- end -}}
{{- if .use_tcp -}}{{- $_ := set $at "tcp" true -}}{{- end -}}
{{- end -}}
{{- $_ := set $ports $port $at -}}
{{- end -}}
{{- end -}}
{{- toJson $ports -}}
{{- end -}}
